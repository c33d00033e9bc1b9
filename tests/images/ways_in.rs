//! How a layout gets in: from its folder, in an archive, from a registry that has it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lab::{Asked, Lab, LyingRegistry, Nagaya, Output, Reply, fails};
use serde_json::Value;

use crate::kit::Images;
use crate::layout::Layout;

/// An image in a layout of its own, and everything that is tried with it.
pub(crate) struct Attempt {
    pub(crate) lab: Lab,
    pub(crate) layout: Layout,
}

impl Attempt {
    pub(crate) fn new() -> Attempt {
        let lab = Lab::new();
        let layout = Layout::new(lab.folder().join("layout"));
        Attempt { lab, layout }
    }

    /// Brings it in by every way, one after the other. The layout's index names it `app:1`.
    #[track_caller]
    pub(crate) fn each(&self, image: &Value, look: impl Fn(&str, Output)) {
        self.layout.list(&[("app:1", image.clone())]);
        look("folder", self.lab.nagaya(&["load", "-i"]).arg(&self.layout.folder).output());
        look("archive", self.lab.nagaya(&["load", "-i"]).arg(self.layout.archive()).output());
        let registry = serve(&self.layout.folder, image, |_, reply| reply);
        look("registry", self.lab.nagaya(&["pull", &format!("{}/app:1", registry.host())]).output());
    }

    /// Nothing of it is taken, by whatever way, and each time for one of these reasons.
    #[track_caller]
    pub(crate) fn refused(&self, what: &str, image: &Value, reasons: &[&str]) {
        self.each(image, |way, output| {
            assert_eq!(output.code, 1, "{what} from a {way}: {output:?}");
            let said = fails(output, 1, &[]);
            assert!(reasons.iter().any(|reason| said.contains(reason)), "{what} from a {way}: {said}");
            self.nothing_came();
        });
    }

    /// It is taken by every way.
    #[track_caller]
    pub(crate) fn taken(&self, what: &str, image: &Value) {
        self.each(image, |way, output| {
            assert_eq!(output.code, 0, "{what} from a {way}: {output:?}");
            assert_eq!(self.lab.ids().len(), 1, "{what} from a {way}");
            self.lab.is_clean();
            self.lab.fine(&["image", "prune", "-af"]);
        });
    }

    /// No image, no name, and nothing that stays.
    #[track_caller]
    pub(crate) fn nothing_came(&self) {
        assert_eq!(self.lab.ids(), [""; 0]);
        self.lab.is_clean();
        let blobs = self.lab.engine_root().join("images/blobs/sha256");
        let left: Vec<_> = fs::read_dir(blobs).expect("the blobs").collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

/// A registry that has the image of a layout as `app:1`, and answers what `lie` makes of it.
pub(crate) fn serve(
    layout: &Path,
    image: &Value,
    lie: impl Fn(&Asked, Reply) -> Reply + Send + Sync + 'static,
) -> LyingRegistry {
    let (folder, image) = (Arc::new(layout.to_path_buf()), image.clone());
    LyingRegistry::new(move |asked| lie(asked, good(&folder, &image, asked)))
}

fn good(folder: &Path, image: &Value, asked: &Asked) -> Reply {
    let blob = |digest: &str| -> Option<Vec<u8>> {
        let path: PathBuf = folder.join("blobs").join(digest.replacen(':', "/", 1));
        fs::read(path).ok()
    };
    let missing =
        || Reply::of(404, r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#);
    let path = asked.path();
    if path == "/v2/" {
        return Reply::of(200, "{}");
    }
    if let Some(reference) = path.strip_prefix("/v2/app/manifests/") {
        let digest = if reference == "1" { image["digest"].as_str().unwrap_or_default() } else { reference };
        let Some(bytes) = blob(digest) else { return missing() };
        let own = serde_json::from_slice::<Value>(&bytes).unwrap_or_default();
        let media_type = own["mediaType"].as_str().or(image["mediaType"].as_str()).unwrap_or_default();
        return Reply::of(200, bytes).header("content-type", media_type);
    }
    let digest = path.strip_prefix("/v2/app/blobs/").unwrap_or_default();
    blob(digest).map_or_else(missing, |bytes| Reply::part(asked, &bytes))
}
