"""No tables yet: they come with the first feature of this room."""
