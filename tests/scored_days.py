"""A scored frame of a few customers, as monitoring reads it."""

import numpy as np
import pandas as pd

DAY, LATER = pd.Timestamp("2024-03-01"), pd.Timestamp("2024-04-01")


def scored(probability, churned, day=DAY, flagged=None, active=True, origin="kept", customers=None):
    count = len(probability)
    return pd.DataFrame(
        {
            "customer_id": customers or [f"c{n}" for n in range(count)],
            "day": day,
            "probability": probability,
            "flagged": pd.array([p >= 0.5 for p in probability] if flagged is None else flagged, "boolean"),
            "active": pd.array(np.broadcast_to(np.array(active, dtype=object), count).copy(), "boolean"),
            "churned": np.array(churned, float),
            "origin": origin,
        }
    )
