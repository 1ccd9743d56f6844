"""Every run of the property-based tests draws the same examples, and a slow machine fails none of them."""

import os
from pathlib import Path

if not Path("/dev/nvidia0").exists():
    os.environ["TRITON_INTERPRET"] = "1"  # Triton reads it once: without a GPU its kernels run on the processor
os.environ |= {"FLWR_TELEMETRY_ENABLED": "0", "RAY_USAGE_STATS_ENABLED": "0"}  # nothing is reported to anybody
os.environ.setdefault("OMP_NUM_THREADS", "1")  # test processes side by side would only wait for each other's threads

from hypothesis import HealthCheck, settings

settings.register_profile(
    "repeatable", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("repeatable")
