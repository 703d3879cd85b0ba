"""The formats of a table: text, Markdown, HTML and LaTeX for people, CSV and JSON for programs."""
