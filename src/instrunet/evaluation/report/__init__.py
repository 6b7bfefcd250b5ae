"""Reports for people: self-contained HTML pages with SVG plots and sortable tables, in light and dark."""
