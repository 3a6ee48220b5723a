from . import monitoring
from . import pos
from . import receipt
