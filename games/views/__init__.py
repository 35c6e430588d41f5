"""Pages of this room: published results for everybody, the desk of draws for staff."""
