"""The gallery: who is enrolled, kept in LanceDB tables in a folder or an object store; docs/gallery.md."""
