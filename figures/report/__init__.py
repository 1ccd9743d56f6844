"""The report: everything the records say, on one page that needs nothing but a browser, and as tables for a paper."""
