"""What `telesurgery bench link` measures, one file per bar of the link."""
