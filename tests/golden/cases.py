"""Small networks that counters get wrong, each with the MAdds that a formula gives."""

from __future__ import annotations

from call import Cases
from cases_forwards import FORWARDS
from cases_layers import LAYERS
from cases_modules import MODULES

CASES: Cases = {**LAYERS, **FORWARDS, **MODULES}
