"""Makes an offline collection as Velociraptor writes it: image_velociraptor.py ZIP FOLDER HOST"""

import sys
import zipfile
from pathlib import Path

out, folder, host = sys.argv[1:]
with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr("client_info.json", "{}")
    archive.writestr("results/Windows.KapeFiles.Targets%2FUploads.json", "{}")
    for hive in ("SYSTEM", "SOFTWARE"):
        archive.write(Path(host) / hive, f"{folder}/Windows/System32/config/{hive}")
    archive.writestr("uploads.json", "{}")
