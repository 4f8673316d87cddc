"""Pictures and videos on the caller's side: which files are meant, frames in and out, and what is drawn on them."""
