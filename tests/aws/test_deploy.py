"""The buildspecs' own commands deploy a stack, and what they deploy takes webhooks."""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import buildspec
import siem
from emulator import Emulator
from stack import PYTHON, ROOT, Stack, binary
from webhooks import PAGER, SECRETS, push, signed

COMMIT = "0123456789abcdef0123456789abcdef01234567"
# Where the variables of a project are the buildspec's own.
OF_THE_BUILDSPEC = ("PROJECT", "STAGE", "API_PATH", "PARAMETERS", "SOURCES", "OUT", "MEF_BIN")


def example(name):
    """The files of a folder of the catalogue, its tests among them."""
    folder = ROOT / "config-examples" / name
    return {str(f.relative_to(folder)): f.read_text() for f in folder.rglob("*") if f.is_file()}


class Deploys(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.emulator = Emulator(PYTHON).start()
        cls.addClassCleanup(cls.emulator.stop)
        cls.folder = Path(tempfile.mkdtemp(prefix="mef-deploy-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        # An artifact: the files of a commit without its history.
        cls.framework = cls.folder / "framework"
        for name in ("infra", "buildspec.yml"):
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            cls.framework.mkdir(exist_ok=True)
            copy(ROOT / name, cls.framework / name)
        cls.keep_binaries()

    def scene(self, sources, service):
        stack = Stack(self.emulator, sources, service=service)
        self.addCleanup(stack.__exit__)
        stack.set_secrets(SECRETS)
        environment = {k: v for k, v in stack.environment().items() if k not in OF_THE_BUILDSPEC}
        # The emulator speaks no TLS.
        environment |= {"FIXED_PARAMETERS": "RequireTls=false"}
        environment |= {"BINARY_BUCKET": "binaries", "FRAMEWORK_COMMIT": COMMIT}
        return stack, self.without_cargo(environment)

    @classmethod
    def keep_binaries(cls):
        """As an earlier build of this commit left them, so that nothing is compiled here."""
        stack = Stack(cls.emulator, {})
        cls.addClassCleanup(stack.__exit__)
        s3 = stack.client("s3")
        s3.create_bucket(Bucket="binaries")
        folder = f"binaries/{COMMIT}/{os.uname().machine}"
        s3.upload_file(binary("MEF_BOOTSTRAP", "the functions' binary"), "binaries", f"{folder}/lambda/bootstrap")
        s3.upload_file(binary("MEF_BIN", "mef"), "binaries", f"{folder}/release/mef")

    def without_cargo(self, environment):
        """An environment in which whoever compiles fails."""
        folder = self.folder / "bin"
        folder.mkdir(exist_ok=True)
        (folder / "cargo").write_text("#!/bin/sh\necho 'it compiles' >&2\nexit 1\n")
        (folder / "cargo").chmod(0o755)
        return environment | {"PATH": f"{folder}{os.pathsep}{environment['PATH']}"}

    def build(self, spec, folder, environment):
        status, out, err = buildspec.run(spec, folder, environment)
        self.assertEqual(status, 0, out + err)
        return out, err

    def delivers(self, stack):
        record, body = push()
        answer = stack.call("POST", "github", signed(body), body)
        self.assertEqual(answer.status, 200, answer)
        [message] = stack.messages()
        self.assertEqual(siem.record(siem.read(message["Body"])), record)

    def test_the_framework_with_a_folder_of_sources(self):
        stack, environment = self.scene({"github": example("github")}, "alone")
        environment |= {"SOURCES": str(stack.sources), "API_PATH": "events"}
        out, err = self.build(self.framework / "buildspec.yml", self.framework, environment)
        self.assertIn(stack.url("github"), out)
        self.assertTrue(stack.url("github").endswith("/events/github"))
        self.assertIn("redrive: ", err)
        self.delivers(stack)
        # Again with nothing changed: the same package, and a stack that still answers.
        package = (self.framework / "target/deploy/package.zip").read_bytes()
        self.build(self.framework / "buildspec.yml", self.framework, environment)
        self.assertEqual((self.framework / "target/deploy/package.zip").read_bytes(), package)
        self.delivers(stack)

    def test_a_configuration_repository_with_the_framework_beside_it(self):
        stack, environment = self.scene({}, "saas")
        configuration = self.folder / "configuration"
        shutil.copytree(ROOT / "config-examples" / "repository", configuration)
        environment |= {"CODEBUILD_SRC_DIR_Framework": str(self.framework)}
        out, _ = self.build(configuration / "buildspec.yml", configuration, environment)
        outputs = stack.outputs
        for source in ("github", "zoom"):
            self.assertIn(stack.url(source), out)
        urls = {name for name in outputs if name.startswith("WebhookUrl")}
        self.assertEqual(urls, {"WebhookUrlGithub", "WebhookUrlZoom"})
        schedules = stack.client("scheduler").list_schedules(GroupName=stack.name)["Schedules"]
        self.assertEqual([schedule["Name"] for schedule in schedules], ["okta"])
        self.delivers(stack)

    def test_the_pipelines_actions_hand_on_what_they_were_given(self):
        stack, environment = self.scene({}, "actions")
        environment |= {"CODEBUILD_SRC_DIR_Framework": str(self.framework), "SERVICE": "actions"}
        package = self.folder / "artifact"
        package.mkdir()
        for name, steps in (("build", "check test build package"), ("plan", "plan"), ("deploy", "deploy redrive outputs")):
            # Each action begins with the files of the repository.
            folder = Path(shutil.copytree(ROOT / "config-examples" / "repository", self.folder / f"action-{name}"))
            given = {} if name == "build" else {"CODEBUILD_SRC_DIR_Package": str(package)}
            spec = folder / "buildspec.yml"
            self.build(spec, folder, environment | given | {"STEPS": steps})
            for file in buildspec.artifacts(spec, folder):
                shutil.copy(file, package)
        self.delivers(stack)

    def test_a_source_that_does_not_load_is_not_deployed(self):
        stack, environment = self.scene({"pager": PAGER.replace("secrets:", "secret:")}, "broken")
        environment |= {"SOURCES": str(stack.sources)}
        status, out, err = buildspec.run(self.framework / "buildspec.yml", self.framework, environment)
        self.assertNotEqual(status, 0)
        self.assertIn("secret", out + err)
        self.assertIsNone(stack.status())

    def test_a_source_whose_test_events_fail_is_not_deployed(self):
        files = example("github")
        files["source.yml"] = files["source.yml"].replace("category: github", "category: gitlab")
        stack, environment = self.scene({"github": files}, "failing")
        environment |= {"SOURCES": str(stack.sources)}
        status, out, err = buildspec.run(self.framework / "buildspec.yml", self.framework, environment)
        self.assertNotEqual(status, 0)
        self.assertIn("gitlab", out + err)
        self.assertIsNone(stack.status())

    def test_what_was_compiled_is_kept_for_the_next_build(self):
        stack, environment = self.scene({}, "kept")
        out = self.folder / "kept"
        environment |= {"OUT": str(out), "FRAMEWORK_COMMIT": "another", "MEF_BUILD_PROFILE": "dev",
                        "MEF_BUILD": "native"}  # fmt: skip
        folder = self.folder / "compiler"
        folder.mkdir()
        # Compiles in no time.
        (folder / "cargo").write_text(f"""#!/bin/sh
case $1 in
  metadata) echo '{{"target_directory": "{folder}"}}' ;;
  build) mkdir -p '{folder}/debug' && echo compiled >'{folder}/debug/bootstrap' ;;
esac
""")
        (folder / "cargo").chmod(0o755)
        compiling = environment | {"PATH": f"{folder}{os.pathsep}{environment['PATH']}"}
        # The second has no compiler.
        for variables in (compiling, environment):
            command = ["bash", str(self.framework / "infra" / "deploy.sh"), "build"]
            done = subprocess.run(command, env=variables, stdin=subprocess.DEVNULL, capture_output=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            bootstrap = out / "package" / "bootstrap"
            self.assertEqual(bootstrap.read_text(), "compiled\n")
            self.assertTrue(os.access(bootstrap, os.X_OK))
            bootstrap.unlink()
        self.assertIsNone(stack.status())


if __name__ == "__main__":
    unittest.main()
