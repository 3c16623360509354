# SPDX-License-Identifier: MIT
__version__: str
