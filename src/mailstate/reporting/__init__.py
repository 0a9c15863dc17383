"""Plans, reports and problems as text and JSON. Pure: values in, text out."""
