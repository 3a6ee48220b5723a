from . import monitoring
from . import receipt
