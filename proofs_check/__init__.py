"""Checks of the claims, of laws, and of anyone's selector."""
