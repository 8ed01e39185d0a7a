"""For maintainers: where the shipped rules and public catalogues disagree, as rows to paste.

It reports and decides nothing: `python scripts/drift --help`.
"""
