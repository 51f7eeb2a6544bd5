//! Compiles the shim and links Debian's libtsk (package libtsk-dev).

fn main() {
    println!("cargo:rerun-if-changed=shim/shim.c");
    println!("cargo:rerun-if-changed=shim/shim.h");
    cc::Build::new().file("shim/shim.c").include("shim").opt_level(2).compile("pendeen_tsk_shim");
    println!("cargo:rustc-link-lib=tsk");
}
