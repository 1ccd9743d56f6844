"""The site: ``sphinx-build -W docs runs/site``; ``-D nb_execution_mode=off`` leaves the notebooks as they are."""

import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "_ext"), str(HERE.parent)]

_PROJECT = tomllib.loads((HERE.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
project, release = _PROJECT["name"], _PROJECT["version"]
version = release
author = "the cwmp contributors"
project_copyright = "the cwmp contributors, Apache-2.0"

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "docstrings",
    "generated",
    "mathml",
]
exclude_patterns = ["_ext", "_static", "generated"]
templates_path: list[str] = []
suppress_warnings = ["ref.python"]  # names that several classes have, and names that are offered in two places

myst_enable_extensions = ["attrs_block", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "auto"
nb_execution_timeout = 240
nb_execution_raise_on_error = True
nb_merge_streams = True

autodoc_default_options = {"members": True, "member-order": "bysource", "show-inheritance": False}
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_mock_imports = [name for name in ("torch", "flwr", "hypothesis") if find_spec(name) is None]
napoleon_google_docstring, napoleon_numpy_docstring = True, False
napoleon_use_ivar = True  # attributes as a list, not as entries of their own beside those of the dataclass
python_use_unqualified_type_names = True
add_module_names = False
toc_object_entries = False

html_theme = "furo"
html_title = f"cwmp {release}"
html_math_renderer = "mathml"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
