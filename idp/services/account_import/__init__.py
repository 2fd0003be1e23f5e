"""Import of accounts from a file: reading, checking, batches that survive ``kill -9``, and the file of rejected rows.

Owns how a file is read and where an import stands. What a row may hold is ``services.drafts``'s decision. May import
``services``, ``ports`` and below.
"""

from idp.services.account_import.importer import AccountImporter, Progress, Summary
from idp.services.account_import.rejects import rejects_path

__all__ = ["AccountImporter", "Progress", "Summary", "rejects_path"]
