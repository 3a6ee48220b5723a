"""Names and numbers that more than one file needs."""

# === STATES OF A TRANSACTION === #

STATE_SELECTION = [
    ("pending", "Pending"),
    ("unknown", "Unknown"),
    ("approved", "Successful"),
    ("failed", "Failed"),
    ("aborted", "Aborted"),
]
# What became of a payment since.
GIVEN_BACK_SELECTION = [
    ("partly_refunded", "Partly refunded"),
    ("refunded", "Refunded"),
    ("reversed", "Reversed"),
]
# A terminal with a row in one of these is busy: a new transaction would wipe out the only evidence.
UNRESOLVED_STATES = ("pending", "unknown")
NOT_CHARGED_STATES = ("failed", "aborted")

# What is charged there is no money (`environment`).
PLAY_MONEY = ("test", "simulator")

# === ADMINISTRATION === #

# What a terminal can do besides payments. The keys are the client's methods.
ADMINISTRATION_SELECTION = [
    ("reconciliation", "Reconciliation"),
    ("download_dataset", "Download of the dataset"),
    ("download_software", "Download of the software"),
    ("balance_inquiry", "Balance inquiry"),
    ("x_report", "X report"),
    ("z_report", "Z report"),
]
# Which of them a terminal can do, by its type.
ADMINISTRATIONS = {
    "connect_cloud": {"reconciliation", "download_dataset", "download_software", "balance_inquiry"},
    "baxi_agent": {"reconciliation", "x_report", "z_report"},
}

# === WHO MAKES THE CALL === #

# A thread of this server talks to NETS, or a browser to a program beside the terminal.
TYPE_SELECTION = [("connect_cloud", "Connect@Cloud"), ("baxi_agent", "Baxi.Agent")]

# === TIMES, IN SECONDS === #

# A row that no thread claimed by then is failed: nothing was sent, and nothing will be.
CLAIM_DEADLINE = 60
# The threads of a process renew their heartbeat this often …
HEARTBEAT_INTERVAL = 5
# … and are taken for dead after this long without one.
HEARTBEAT_TIMEOUT = 20
# A browser that drives a terminal renews its heartbeat every ten seconds; in a tab that nobody looks at, browsers let
# that happen once a minute only. It is taken for gone after this long without one.
BROWSER_TIMEOUT = 120
# How long the person waits before being told what the terminal's state shows.
ANSWER_TIMEOUT = 60
# How often the terminal's state is asked after that.
STATE_INTERVAL = 15
# The longest a customer may take at a terminal.
CUSTOMER_TIMEOUT = 300
# A finished transaction is not the "last" one before 5 s have passed (measured by others). The pauses then double, up
# to the longest one. Both are settings; these are their defaults.
FIRST_LOOKUP = 5
LONGEST_PAUSE = 60
# Until a person is called, the pauses aren't longer than this: somebody is waiting at the counter.
COUNTER_PAUSE = 20
# After as many minutes a person is called for what is still unknown, or charged and not booked. A setting, too.
PERSON_AFTER = 10
# A lookup that didn't come to its end may be started again after this long; sooner where its process died.
LOOKUP_DEADLINE = 90
# Two sightings of the same evidence count as two only when this far apart.
EVIDENCE_INTERVAL = 5
# The thread that looks after what is open comes back after this long at the latest.
LONGEST_WATCH_PAUSE = 60
# What is due and wasn't done yet, since others are before it, is looked at again after this long.
DUE_PAUSE = 15
# A token that ends within this time is renewed, and after as long a pause where NETS couldn't be reached. NETS' live
# for a day; the client itself logs in for the last ten minutes.
TOKEN_RESERVE = 1800
LOGIN_PAUSE = 300
# An abort call that did not report back by then may be repeated.
ABORT_DEADLINE = 30
# Pauses between attempts to book a charge that accounting refused.
BOOKING_DELAYS = (60, 300, 900, 3600)
# The pauses after a scheduled reconciliation that failed; after the last one it waits for the next day.
RECONCILIATION_DELAYS = (600, 1800, 3600, 7200)
# A person may say that nothing was charged as long after the customer's time: what NETS still had in hand has reached
# the terminal then, or never will.
SETTLE_MARGIN = 30
# A finished operation keeps the terminal busy for some seconds (measured by others): asked sooner, it isn't idle.
IDLE_DELAY = 5

# === LIMITS === #

# Records that a single call over RPC may be about, where each may mean work at a terminal or in the books.
MOST_IDS = 100
# Characters of a token that a browser makes.
SHORTEST_TOKEN, LONGEST_TOKEN = 32, 64
# Characters of a name that a browser gives itself.
LONGEST_DEVICE = 64
# Transactions that one lookup of their terminal is for.
MOST_WAITING = 50
# What is looked after at once.
MOST_DUE = 500
# What a person writes of a result that is settled by hand is read by people.
REASON_LENGTH = 500
REFERENCE_LENGTH = 64

# === WHAT IS KEPT FOR HOW LONG (settings; these are their defaults) === #

# Days that NETS' raw answers are kept: as long as a cardholder may still dispute a charge.
KEEP_ANSWERS = 540
# Years that receipts and card details are kept, after the end of the year: as bookkeeping laws want it.
KEEP_RECEIPTS = 10
# How many transactions are emptied at a time.
RETENTION_BATCH = 1000

# === PAPER === #

# The characters of a line on a terminal's receipt.
RECEIPT_WIDTH = 24
