from . import monitoring
from . import pos
from . import receipt
from . import specimen
