"""Compression in Flower: a mod and a strategy for anyone's app, and this experiment through Flower's simulation.

    client      @app.train(mods=[SparsifyMod("cwmp", cost="fc-dear", budget="5%")])
    server      SparseFedAvg(...) where the app had FedAvg(...)
    here        simulate(run): a :class:`empirical.setting.Run` with Flower as the engine

Needs the extra ``flower``; nothing else of the package does.
"""

from empirical.flower.mod import SparsifyMod
from empirical.flower.simulation import simulate
from empirical.flower.strategy import SparseFedAvg

__all__ = ["SparseFedAvg", "SparsifyMod", "simulate"]
