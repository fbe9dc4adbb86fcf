"""What keys do: targets, pages, copying, and running one flow at a time. The flows are below."""
