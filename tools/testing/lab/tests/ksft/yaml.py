# SPDX-License-Identifier: GPL-2.0
"""Stands in for PyYAML in a guest: the netlink specs there are JSON, which is YAML.

PyYAML takes seconds for each of them on an emulated CPU, in each selftest anew.
"""
import json


class SafeLoader:
    """For a class of the specs' library that nobody makes an object of."""


def load(stream, Loader=None):
    return json.loads(''.join(line for line in stream if not line.startswith('#')))


def safe_load(stream):
    return load(stream, SafeLoader)
