//! The source files and secrets of the demo.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::vendor::{self, Vendor};

const AUDIT: &str = include_str!("sources/acme-audit.yml");
const HOOKS: &str = include_str!("sources/acme-hooks.yml");
const HOOKS_SCHEMA: &str = include_str!("sources/acme-hooks.schema.json");

/// Writes them into `folder`, for this `vendor`.
pub(super) fn write_sources(folder: &Path, vendor: &Vendor) -> anyhow::Result<()> {
    let write = |name: PathBuf, text: &str| {
        std::fs::create_dir_all(name.parent().unwrap_or(folder))
            .and_then(|()| std::fs::write(&name, text))
            .with_context(|| format!("cannot write {}", name.display()))
    };
    write(folder.join("acme-audit/source.yml"), &AUDIT.replace("ORIGIN", &vendor.origin()))?;
    write(folder.join("acme-hooks/source.yml"), HOOKS)?;
    write(folder.join("acme-hooks/schema.json"), HOOKS_SCHEMA)?;
    let secrets = format!(
        "MEF_SECRET_ACME_AUDIT_CLIENT_SECRET={}\nMEF_SECRET_ACME_HOOKS_WEBHOOK_SECRET={}\n",
        vendor::CLIENT_SECRET,
        vendor::WEBHOOK_SECRET
    );
    write(folder.join("secrets.env"), &secrets)?;
    make_private(&folder.join("secrets.env"))
}

#[cfg(unix)]
fn make_private(file: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600))?)
}

#[cfg(not(unix))]
fn make_private(_: &Path) -> anyhow::Result<()> {
    Ok(())
}
