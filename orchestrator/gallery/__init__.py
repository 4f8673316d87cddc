"""The gallery: the enrolled people, in Lance tables in a folder or an object store; docs/gallery.md."""
