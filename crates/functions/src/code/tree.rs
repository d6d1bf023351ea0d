use std::collections::BTreeMap;

/// What an archive will become on disk: clean relative paths, each once, a parent before its children.
#[derive(Debug, Default)]
pub(super) struct Tree(BTreeMap<String, Kind>);

#[derive(Debug)]
pub(super) enum Kind {
    Directory,
    File { index: usize, executable: bool },
    Link { index: usize, target: String },
}

/// Longer paths and deeper trees than any real package has; with `NODES_MAX` they bound the memory that
/// judging an archive takes to some 200 MB at the very worst.
const PATH_BYTES_MAX: usize = 1024;
const DEPTH_MAX: usize = 100;
const NODES_MAX: usize = 200_000;
const COMPONENT_BYTES_MAX: usize = 255;

/// How many links one path may lead through, as in the kernel (`ELOOP`).
const LINK_HOPS_MAX: usize = 40;
/// How many path components the links of one archive may lead through in all, so that judging them ends
/// soon.
const LINK_STEPS_MAX: usize = 500_000;

impl Tree {
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Kind)> {
        self.0.iter().map(|(path, kind)| (path.as_str(), kind))
    }

    /// Adds an entry and the directories above it.
    ///
    /// # Errors
    /// A name that leaves the tree or is taken, or a parent that is no directory; fit to be shown.
    pub fn insert(&mut self, name: &str, kind: Kind) -> Result<(), String> {
        let path = clean(name)?;
        let Some((last, parents)) = path.split_last() else {
            // "./" names the root itself.
            return match kind {
                Kind::Directory => Ok(()),
                _ => Err(format!("entry {name:?} has no name")),
            };
        };
        if self.0.len() + path.len() > NODES_MAX {
            return Err(format!("the archive makes more than {NODES_MAX} files and directories"));
        }
        let mut at = String::new();
        for parent in parents {
            if !at.is_empty() {
                at.push('/');
            }
            at.push_str(parent);
            match self.0.get(&at) {
                None => {
                    self.0.insert(at.clone(), Kind::Directory);
                }
                Some(Kind::Directory) => {}
                Some(_) => return Err(format!("entry {name:?} lies under {at:?}, which is no directory")),
            }
        }
        if !at.is_empty() {
            at.push('/');
        }
        at.push_str(last);
        match (self.0.get(&at), &kind) {
            (None, _) => {
                self.0.insert(at, kind);
                Ok(())
            }
            (Some(Kind::Directory), Kind::Directory) => Ok(()),
            (Some(_), _) => Err(format!("entry {name:?} is in the archive twice")),
        }
    }

    /// # Errors
    /// A link whose target is absolute or, followed as the kernel would, ever leaves the tree.
    pub fn check_links(&self) -> Result<(), String> {
        let mut steps = 0;
        for (path, kind) in &self.0 {
            if let Kind::Link { target, .. } = kind {
                self.follow(path, target, &mut steps)
                    .map_err(|why| format!("symbolic link {path:?} to {target:?} {why}"))?;
            }
        }
        Ok(())
    }

    fn follow(&self, path: &str, target: &str, steps: &mut usize) -> Result<(), &'static str> {
        if target.is_empty() || target.contains('\0') {
            return Err("has no usable target");
        }
        let mut at: Vec<String> = path.split('/').map(str::to_owned).collect();
        at.pop();
        let mut left: Vec<String> = Vec::new();
        push_reversed(&mut left, target)?;
        let mut hops = 0;
        while let Some(component) = left.pop() {
            *steps += 1;
            if *steps > LINK_STEPS_MAX || at.len() > DEPTH_MAX * 2 {
                return Err("leads too far");
            }
            match component.as_str() {
                "" | "." => {}
                ".." => {
                    at.pop().ok_or("leads out of the code")?;
                }
                _ => {
                    at.push(component);
                    if let Some(Kind::Link { target, .. }) = self.0.get(&at.join("/")) {
                        hops += 1;
                        if hops > LINK_HOPS_MAX {
                            return Err("leads through too many links");
                        }
                        at.pop();
                        push_reversed(&mut left, target)?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// Puts a target's components on the stack so that the first is popped first.
fn push_reversed(left: &mut Vec<String>, target: &str) -> Result<(), &'static str> {
    if target.starts_with('/') {
        return Err("leads out of the code");
    }
    left.extend(target.split('/').rev().map(str::to_owned));
    Ok(())
}

/// A name's components, without empty ones and `.`.
fn clean(name: &str) -> Result<Vec<&str>, String> {
    if name.starts_with('/') {
        return Err(format!("entry {name:?} has an absolute path"));
    }
    if name.contains('\0') || name.len() > PATH_BYTES_MAX {
        return Err(format!("entry {name:?} has an unusable path"));
    }
    // A backslash is a character like any other here, but whoever writes this name means a way up.
    if name.contains('\\') && name.split(['/', '\\']).any(|component| component == "..") {
        return Err(format!("entry {name:?} leads out of the code"));
    }
    let mut path = Vec::new();
    for component in name.split('/') {
        match component {
            "" | "." => {}
            ".." => return Err(format!("entry {name:?} leads out of the code")),
            long if long.len() > COMPONENT_BYTES_MAX => {
                return Err(format!("entry {name:?} has an unusable path"));
            }
            component => path.push(component),
        }
    }
    if path.len() > DEPTH_MAX {
        return Err(format!("entry {name:?} lies deeper than {DEPTH_MAX} directories"));
    }
    Ok(path)
}
