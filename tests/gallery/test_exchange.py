import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from facegrid.errors import GalleryMismatch
from orchestrator.gallery.exchange import InvalidExport, export_faces, import_faces
from orchestrator.gallery.parts import open_parts
from orchestrator.gallery.types import EmbedderVersion


@pytest.fixture
def exported(opened, embedder, new_face, rng, folder):
    """Returns an exported gallery of three faces, and their vectors."""
    vectors = rng.normal(size=(3, 16)).astype(np.float32)

    async def enrol(gallery):
        await gallery.enroll("Ann", [new_face(vectors[0]), new_face(vectors[1], chip=None)], embedder)
        await gallery.enroll("Bj\u00f6rn", [new_face(vectors[2])], embedder)

    opened(enrol)
    path = folder.with_name("people.parquet")
    assert export_faces(open_parts(str(folder)), path) == 3
    return path, vectors


def test_an_exported_gallery_is_the_same_when_it_is_imported(opened, embedder, folder, tmp_path, exported):
    path, vectors = exported
    assert path.stat().st_mode & 0o777 == 0o600
    copy = tmp_path / "copy"
    assert import_faces(open_parts(str(copy)), path) == (3, 0)

    async def look(gallery):
        found = await gallery.search(vectors, embedder, k=3)
        people = [await gallery.get_subject(s.name) for s in (await gallery.subjects()).subjects]
        return found, people

    assert opened(look, copy) == opened(look)
    assert import_faces(open_parts(str(copy)), path) == (0, 3)  # once more changes nothing


def test_the_file_is_as_documented(exported):
    path, vectors = exported
    table = pq.read_table(path)
    assert table.schema.metadata[b"facegrid.format"] == b"1"
    assert table.schema.metadata[b"facegrid.active"] == b"test_net:1:16"
    assert table.column_names == [
        "subject", "face_id", "vector", "enrolled_at", "score", "face_px", "chip", "embedder", "embedder_version",
    ]  # fmt: skip
    np.testing.assert_array_equal(np.array(table["vector"].to_pylist(), np.float32), vectors)


def change(path, column, value):
    """Writes the file anew with another value in its second row."""
    table = pq.read_table(path)
    values = table[column].to_pylist()
    values[1] = value
    at = table.schema.get_field_index(column)
    field = table.schema.field(at)
    pq.write_table(table.set_column(at, field, pa.array(values, field.type)), path)


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("subject", "a\nb", "row 1: .*U\\+000A"),
        ("subject", "Jose\u0301", "row 1: the subject is not in normal form"),
        ("face_id", "seven", "row 1: "),
        ("vector", [1.0] * 15, "row 1: the vector has 15 values, expected 16"),
        ("vector", [float("inf")] * 16, "row 1: the vector has 16 values, expected 16, finite"),
        ("score", 1.5, "row 1: score 1.5"),
        ("face_px", -1.0, "row 1: .*face_px -1.0"),
        ("embedder", "../up", "row 1: .*letters, digits and underscores"),
    ],
)
def test_a_row_that_is_not_allowed_is_refused_before_anything_is_added(exported, tmp_path, column, value, words):
    path, _ = exported
    change(path, column, value)
    with pytest.raises(InvalidExport, match=words):
        import_faces(open_parts(str(tmp_path / "copy")), path)
    assert not (tmp_path / "copy").exists()


def test_an_id_that_comes_twice_is_refused(exported, tmp_path):
    path, _ = exported
    table = pq.read_table(path)
    pq.write_table(pa.concat_tables([table, table.slice(0, 1)]), path)
    with pytest.raises(InvalidExport, match=r"row 3: .*id comes twice"):
        import_faces(open_parts(str(tmp_path / "copy")), path)


def test_other_files_are_refused(exported, tmp_path):
    path, _ = exported
    parts = open_parts(str(tmp_path / "copy"))
    table = pq.read_table(path)
    pq.write_table(table.replace_schema_metadata({}), path)
    with pytest.raises(InvalidExport, match=r"facegrid\.format is none, expected 1"):
        import_faces(parts, path)
    pq.write_table(table.drop_columns(["score"]), path)
    with pytest.raises(InvalidExport, match="columns are subject, face_id"):
        import_faces(parts, path)
    path.write_bytes(b"PAR1 no PAR1")
    with pytest.raises(InvalidExport, match=r"people\.parquet is not a Parquet file"):
        import_faces(parts, path)
    with pytest.raises(FileNotFoundError):
        import_faces(parts, tmp_path / "absent")


def test_a_gallery_of_another_embedder_does_not_take_it(opened, new_face, exported, tmp_path):
    path, _ = exported

    async def enrol(gallery):
        await gallery.enroll("Eve", [new_face(np.ones(8))], EmbedderVersion("other", 1, 8))

    opened(enrol, tmp_path / "other")
    with pytest.raises(GalleryMismatch, match="other version 1"):
        import_faces(open_parts(str(tmp_path / "other")), path)


def test_there_is_nothing_to_export_of_an_empty_gallery(tmp_path):
    with pytest.raises(GalleryMismatch, match="nothing to export"):
        export_faces(open_parts(str(tmp_path / "none")), tmp_path / "file")
    assert list(tmp_path.iterdir()) == []
