from . import engine
from . import account
from . import pos
