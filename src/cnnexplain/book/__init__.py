"""The site's build step: values, figures, tables and executed labs, made from the package itself.

`python -m cnnexplain.book`, run in the folder that holds `docs/`, writes them all into `build/`.
Nothing else in the package imports this part.
"""
