//! The source files and secrets of the demo.

use std::fs::DirBuilder;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::vendor::{self, Vendor};
use crate::private_file;

const AUDIT: &str = include_str!("sources/acme-audit.yml");
const HOOKS: &str = include_str!("sources/acme-hooks.yml");
const HOOKS_SCHEMA: &str = include_str!("sources/acme-hooks.schema.json");

/// Makes a folder that only its owner can look into, under a name that nobody can guess.
pub(super) fn make_folder() -> anyhow::Result<PathBuf> {
    let mut random = [0; 8];
    aws_lc_rs::rand::fill(&mut random).map_err(|_| anyhow::anyhow!("there are no random bytes"))?;
    let folder = std::env::temp_dir().join(format!("mef-demo-{}", hex::encode(random)));
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

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
    let file = folder.join("secrets.env");
    private_file::create(&file)
        .and_then(|mut made| made.write_all(secrets.as_bytes()))
        .with_context(|| format!("cannot write {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In a folder of everybody's, a name that can be guessed could be taken before.
    #[cfg(unix)]
    #[test]
    fn the_folder_is_new_and_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let (one, other) = (make_folder().unwrap(), make_folder().unwrap());
        assert_ne!(one, other);
        for folder in [one, other] {
            let mode = std::fs::metadata(&folder).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700);
            std::fs::remove_dir(folder).unwrap();
        }
    }
}
