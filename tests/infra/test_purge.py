"""Steps that delete, while AWS does not answer."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

from templates import ROOT

# Answers like an account that is asked too often, and notes what else it was asked.
AWS = """#!/bin/sh
echo "$*" >>"$ASKED"
case "$*" in
  *describe-stacks*) echo "An error occurred (Throttling): Rate exceeded" >&2; exit 254 ;;
esac
echo answer
"""


class TestPurge(unittest.TestCase):
    def test_nothing_is_deleted_while_nobody_says_that_the_stack_is_gone(self):
        for step in ("purge", "delete", "adopt"):
            with self.subTest(step=step), tempfile.TemporaryDirectory(prefix="mef-purge-") as scratch:
                scratch = Path(scratch)
                (scratch / "aws").write_text(AWS)
                (scratch / "aws").chmod(0o755)
                asked = scratch / "asked"
                asked.touch()
                out = scratch / "out"
                out.mkdir()
                (out / "template.yml").touch()
                (out / "package.zip").touch()
                done = subprocess.run(
                    ["bash", ROOT / "infra" / "deploy.sh", step], capture_output=True, text=True,
                    env=os.environ | {
                        "PATH": f"{scratch}:{os.environ['PATH']}", "ASKED": str(asked), "AWS_REGION": "eu-west-1",
                        "PROJECT": "p", "SERVICE": "s", "STAGE": "dev", "PURGE": "p-s-dev", "BUCKET_NAME": "bucket",
                        "ARTIFACT_BUCKET": "artifacts", "OUT": str(out),
                    },
                )
                self.assertNotEqual(done.returncode, 0, done.stderr)
                self.assertIn("Rate exceeded", done.stderr)
                changing = [line for line in asked.read_text().splitlines()
                            if any(word in line for word in ("delete", " rb ", "change-set"))]
                self.assertEqual(changing, [], done.stderr)


if __name__ == "__main__":
    unittest.main()
