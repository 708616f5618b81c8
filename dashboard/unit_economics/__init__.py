"""The dashboard of ai_unit_economics: marts in, pages out.

`marts` reads them (exported Parquet or Snowflake), `queries` holds every SQL, `figures` turns exact
numbers into text, `charts` into pictures, `parts` and `pages` are what Streamlit shows.
"""
