"""Runs at the start of every Python that has this folder in PYTHONPATH: as soon as torch_npu has been
imported, by whomever, its operators get host kernels. Nothing is imported that would not be otherwise.
"""

import importlib.abc
import importlib.machinery
import sys


class _AfterTorchNpu(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name != "torch_npu":
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            _install_after(spec.loader)
        return spec


def _install_after(loader):
    exec_module = loader.exec_module

    def exec_and_install(module):
        exec_module(module)
        import kernels

        kernels.install()

    loader.exec_module = exec_and_install


sys.meta_path.insert(0, _AfterTorchNpu())
