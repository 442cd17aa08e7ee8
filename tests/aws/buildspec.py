"""Runs a buildspec as CodeBuild does: its variables unless the project has its own, its phases in one shell."""

import subprocess

import yaml

PHASES = ("install", "pre_build", "build", "post_build")


def commands(path):
    """The buildspec's own variables, and its commands as one script."""
    spec = yaml.safe_load(path.read_text(encoding="utf-8"))
    if spec["version"] != 0.2:
        raise ValueError(f"{path}: version {spec['version']} runs each command in a shell of its own")
    unknown = set(spec["phases"]) - set(PHASES)
    if unknown:
        raise ValueError(f"{path}: there is no phase {sorted(unknown)}")
    lines = [command for phase in PHASES for command in spec["phases"].get(phase, {}).get("commands", [])]
    return spec["env"]["variables"], "\n".join(lines)


def artifacts(path, folder):
    """The files that CodeBuild hands on; raises where it would fail for want of the folder or of one of them."""
    wanted = yaml.safe_load(path.read_text(encoding="utf-8"))["artifacts"]
    found = [folder / wanted["base-directory"] / name for name in wanted["files"]]
    missing = [str(file) for file in found if not file.is_file()]
    if missing:
        raise FileNotFoundError(f"no artifact {missing}")
    return found


def run(path, folder, environment):
    """Runs the buildspec in the folder of the primary source; gives its status, stdout and stderr."""
    variables, script = commands(path)
    done = subprocess.run(
        # CodeBuild stops at the first command that fails.
        ["bash", "-e", "-c", script],
        cwd=folder,
        env={k: str(v) for k, v in variables.items()} | environment | {"CODEBUILD_SRC_DIR": str(folder)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()
