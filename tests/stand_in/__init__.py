"""The parts of the stand-in AWS, see ../stand_in_aws.py.

SPDX-License-Identifier: MIT
"""
