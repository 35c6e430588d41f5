"""The pages of this room: outlets at the desk, and the terminal of an outlet."""
