"""Many pictures, or one video, over one call."""
