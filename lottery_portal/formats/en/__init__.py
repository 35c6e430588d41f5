"""How the admin writes times: to the second, as the desk does."""
