//! Commands for images. Names, options and meaning are Docker's.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::views::{Filter, filter};

/// Fetch an image from a registry.
#[derive(Debug, Args)]
pub(crate) struct Pull {
    /// All tags of the name.
    #[arg(short, long)]
    pub(crate) all_tags: bool,
    /// The platform to take, of several: linux/arm64, linux/arm/v7.
    #[arg(long)]
    pub(crate) platform: Option<String>,
    /// Print the name only.
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// The image.
    #[arg(value_name = "NAME[:TAG|@DIGEST]")]
    pub(crate) name: String,
}

/// Send an image to a registry.
#[derive(Debug, Args)]
pub(crate) struct Push {
    /// All tags of the name.
    #[arg(short, long)]
    pub(crate) all_tags: bool,
    /// Print the name only.
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// The image.
    #[arg(value_name = "NAME[:TAG]")]
    pub(crate) name: String,
}

/// Load images from an archive, as `docker save` or `podman save` writes it, or from an OCI image layout.
#[derive(Debug, Args)]
pub(crate) struct Load {
    /// Read from this file or OCI layout folder, instead of the standard input.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) input: Option<PathBuf>,
    /// Say nothing of progress.
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// The platform to take, of several: linux/arm64, linux/arm/v7.
    #[arg(long)]
    pub(crate) platform: Option<String>,
}

/// Save images to an archive that docker, podman, skopeo and others load.
#[derive(Debug, Args)]
pub(crate) struct Save {
    /// Write to this file, instead of the standard output.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// The platform to save; there is one of each image here.
    #[arg(long)]
    pub(crate) platform: Option<String>,
    /// Images, by name or id.
    #[arg(value_name = "IMAGE", required = true)]
    pub(crate) images: Vec<String>,
}

/// Make an image of a root folder in a tar.
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// Change what it runs, by a line of a Dockerfile: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, USER, VOLUME, WORKDIR, STOPSIGNAL.
    #[arg(short, long, value_name = "LINE")]
    pub(crate) change: Vec<String>,
    /// A comment on where it came from.
    #[arg(short, long, default_value = "")]
    pub(crate) message: String,
    /// The platform that it is for.
    #[arg(long)]
    pub(crate) platform: Option<String>,
    /// The tar, compressed or not; `-` for the standard input.
    #[arg(value_name = "FILE|-")]
    pub(crate) source: String,
    /// A name for it.
    #[arg(value_name = "REPOSITORY[:TAG]")]
    pub(crate) name: Option<String>,
}

/// Write the root folder of a container, or of an image, to a tar.
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// Write to this file, instead of the standard output.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// The container or the image, by name or id.
    #[arg(value_name = "CONTAINER|IMAGE")]
    pub(crate) image: String,
}

/// List images.
#[derive(Debug, Default, Args)]
pub(crate) struct List {
    /// All, also those that others are built on; there are no others here.
    #[arg(short, long)]
    pub(crate) all: bool,
    /// Show digests.
    #[arg(long)]
    pub(crate) digests: bool,
    /// dangling=true, label=KEY[=VALUE], before=IMAGE, since=IMAGE, until=TIME, reference=PATTERN.
    #[arg(short, long, value_name = "FILTER", value_parser = filter)]
    pub(crate) filter: Vec<Filter>,
    /// `table`, `table TEMPLATE`, `json`, or a Go template.
    #[arg(long)]
    pub(crate) format: Option<String>,
    /// Show whole ids.
    #[arg(long)]
    pub(crate) no_trunc: bool,
    /// Show ids only.
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Only those of this name.
    #[arg(value_name = "REPOSITORY[:TAG]")]
    pub(crate) name: Option<String>,
}

/// Remove images, or names of them.
#[derive(Debug, Args)]
pub(crate) struct RemoveImage {
    /// Also if it has several names, or a container uses one of them.
    #[arg(short, long)]
    pub(crate) force: bool,
    /// Keep images that others are built on: there is nothing of that kind here.
    #[arg(long)]
    pub(crate) no_prune: bool,
    /// Images, by name or id.
    #[arg(value_name = "IMAGE", required = true)]
    pub(crate) images: Vec<String>,
}

/// Give an image one more name.
#[derive(Debug, Args)]
pub(crate) struct Tag {
    /// The image, by name or id.
    #[arg(value_name = "SOURCE_IMAGE[:TAG]")]
    pub(crate) image: String,
    /// The new name.
    #[arg(value_name = "TARGET_IMAGE[:TAG]")]
    pub(crate) name: String,
}

/// Show all that is known of things, as JSON.
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// A Go template, or `json`.
    #[arg(short, long)]
    pub(crate) format: Option<String>,
    /// Show sizes; images always have theirs.
    #[arg(short, long)]
    pub(crate) size: bool,
    /// Only things of this type.
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) kind: Option<String>,
    /// What to show.
    #[arg(value_name = "NAME|ID", required = true)]
    pub(crate) names: Vec<String>,
}

/// Show how an image was made.
#[derive(Debug, Args)]
pub(crate) struct History {
    /// `table`, `table TEMPLATE`, `json`, or a Go template.
    #[arg(long)]
    pub(crate) format: Option<String>,
    /// Sizes and times for people; `--human=false` for programs.
    #[arg(short = 'H', long, num_args = 0..=1, default_value_t = true, default_missing_value = "true", require_equals = true, action = clap::ArgAction::Set)]
    pub(crate) human: bool,
    /// Show everything in full.
    #[arg(long)]
    pub(crate) no_trunc: bool,
    /// Show ids only.
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// The image, by name or id.
    #[arg(value_name = "IMAGE")]
    pub(crate) image: String,
}

/// Remove images that nobody needs.
#[derive(Debug, Args)]
pub(crate) struct PruneImages {
    /// All that no container uses, not only those without a name.
    #[arg(short, long)]
    pub(crate) all: bool,
    /// until=TIME, label=KEY[=VALUE], label!=KEY[=VALUE].
    #[arg(long, value_name = "FILTER", value_parser = filter)]
    pub(crate) filter: Vec<Filter>,
    /// Do not ask.
    #[arg(short, long)]
    pub(crate) force: bool,
}

/// `image ...`: the same commands under their long names.
#[derive(Debug, Subcommand)]
pub(crate) enum Image {
    #[command(visible_alias = "list")]
    Ls(List),
    #[command(visible_alias = "remove")]
    Rm(RemoveImage),
    Pull(Pull),
    Push(Push),
    Load(Load),
    Save(Save),
    Import(Import),
    /// The same as `nagaya export`.
    #[command(hide = true)]
    Export(Export),
    Tag(Tag),
    Inspect(Inspect),
    History(History),
    Prune(PruneImages),
}
