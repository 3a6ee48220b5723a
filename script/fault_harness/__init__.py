"""What `script/faults` is made of.

proxy       a TCP forwarder that can be cut: between Odoo and NETS, and between Odoo and PostgreSQL
gates       stops one transaction exactly at the boundary between two of its phases
service     the small interface to the terminals and their ledger
world       all processes together, and the ways to break them
desk        what a person at a till or in accounting does, over Odoo's RPC
faults      the catalogue: what is broken, and how
books       the comparison of the ledger with the books
"""

import sys

import stack

# what a till syncs
sys.path.append(str(stack.ROOT / "tests/pos"))
