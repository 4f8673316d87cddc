"""Which files of a gallery hold given bytes."""


def holding(folder, needle):
    """Returns the files below a folder that hold these bytes."""
    return [path for path in folder.rglob("*") if path.is_file() and needle in path.read_bytes()]
