"""The promises at their full counts; the suite runs the same at reduced ones."""
