"""The table of studies: every one there is, by name, in the order of the figures."""

from __future__ import annotations

from proofs_check.studies.contraction import contraction
from proofs_check.studies.efficiency import efficiency
from proofs_check.studies.frontier import frontier
from proofs_check.studies.gap import gap
from proofs_check.studies.geometry import geometry
from proofs_check.studies.hardware import hardware
from proofs_check.studies.pages import pages
from proofs_check.studies.price import price
from proofs_check.studies.saving import saving
from proofs_check.studies.study import Study

STUDIES: dict[str, Study] = {
    study.name: study
    for study in (
        Study("geometry", "what CWMP and Top-K keep of one update, in the plane of cost and score", geometry, True),
        Study("frontier", "all masks of a small instance, their hull, and what each rule reaches (D6)", frontier),
        Study("gap", "distance from the certified optimum against the number of coordinates (D4, P10)", gap),
        Study("efficiency", "what CWMP retains over Top-K, by law and budget (P1 to P3)", efficiency),
        Study("saving", "energy saved, predicted by the saving law against exact (P6)", saving),
        Study(
            "contraction", "worst-case contraction, and error feedback under both rules (D13, D14, D18)", contraction
        ),
        Study(
            "hardware",
            "saving and ceiling against the ratio of radio to memory, real ones as points (D19, P11)",
            hardware,
        ),
        Study(
            "price", "one price for all clients against equal joules each, by spread of their norms (D21, P14)", price
        ),
        Study("pages", "frontiers where writing costs by page: by page, whole pages, item-wise (D22)", pages),
    )
}
