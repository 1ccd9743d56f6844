"""The report: everything the records say, on one page that needs nothing but a browser, and as tables for a paper.

Offers: :mod:`page` (HTML), :mod:`latex` (tables), :mod:`evidence` (what is read); one module a section of the page.
Imports: records, captions and style of :mod:`figures`.
"""
