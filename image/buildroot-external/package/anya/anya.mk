################################################################################
#
# anya
#
################################################################################

# The checkout that this external tree lies in. Its version is said once, in the workspace's manifest.
ANYA_SITE = $(realpath $(BR2_EXTERNAL_ANYA_PATH)/../..)
ANYA_SITE_METHOD = local
ANYA_VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' $(BR2_EXTERNAL_ANYA_PATH)/../../Cargo.toml | head -n 1)
ANYA_LICENSE = Apache-2.0
ANYA_LICENSE_FILES = LICENSE
ANYA_INSTALL_IMAGES = YES

# OpenPGP is checked with OpenSSL, whose bindings are made by bindgen with libclang.
ANYA_DEPENDENCIES = host-clang host-pkgconf openssl systemd tpm2-tss

# What was built or installed for work in the checkout; a build of Buildroot's has its own.
ANYA_OVERRIDE_SRCDIR_RSYNC_EXCLUSIONS = \
	--exclude=/target \
	--exclude=/.anya \
	--exclude=node_modules \
	--exclude=/web-ui/test-results \
	--exclude=/web-ui/playwright-report

# The same optimisation as in the other builder's image, whatever the C code is built with.
ANYA_CARGO_ENV = \
	PKG_CONFIG_ALLOW_CROSS=1 \
	LIBCLANG_PATH=$(HOST_DIR)/lib \
	BINDGEN_EXTRA_CLANG_ARGS="--sysroot=$(STAGING_DIR)" \
	CARGO_PROFILE_RELEASE_OPT_LEVEL=3 \
	CARGO_PROFILE_RELEASE_LTO=thin
ANYA_CARGO_BUILD_OPTS = \
	--package anyad \
	--package anya \
	--package anya-data \
	--package anya-slots \
	--package anya-initrd \
	--package anya-rescue \
	--bins

# The page is embedded into the service. Node.js and npm's packages are not Buildroot's business here.
define ANYA_NEED_WEB_PAGE
	@test -f $(@D)/web-ui/dist/index.html || { \
		echo "anya: the web page is not built: run 'make web' in $(ANYA_SITE), then 'make anya-rebuild'" >&2; \
		exit 1; \
	}
endef
ANYA_PRE_BUILD_HOOKS += ANYA_NEED_WEB_PAGE

# Buildroot vendors crates while it makes a tarball of a download; a local site has neither. So they are
# vendored here, in the same form, and again when Cargo.lock changes. cargo's downloads stay in
# BR2_DL_DIR: a second build needs no network.
ANYA_VENDOR_DIR = $(call qstrip,$(BR2_PACKAGE_ANYA_VENDOR_DIR))
define ANYA_VENDOR_CRATES
	cd $(@D) && { cmp -s Cargo.lock VENDOR/.of-lock || { \
		rm -rf VENDOR && mkdir -p .cargo $(BR_CARGO_HOME) && \
		$(if $(ANYA_VENDOR_DIR), \
			cp -a $(ANYA_VENDOR_DIR) VENDOR && \
			printf '%s\n' \
				'[source.crates-io]' 'replace-with = "vendored-sources"' \
				'[source.vendored-sources]' 'directory = "VENDOR"' \
				> .cargo/config.toml, \
			$(HOST_MAKE_ENV) $(PKG_COMMON_CARGO_ENV) \
				flock $(BR_CARGO_HOME)/.br-lock \
				cargo vendor --quiet --locked VENDOR > .cargo/config.toml) && \
		cp Cargo.lock VENDOR/.of-lock; \
	}; }
endef
ANYA_PRE_BUILD_HOOKS += ANYA_VENDOR_CRATES

# `cargo install` does not install from a workspace without a root package.
ANYA_BUILT = $(@D)/target/$(RUSTC_TARGET_NAME)/$(if $(BR2_ENABLE_DEBUG),debug,release)
ANYA_MODELS_DIR = $(call qstrip,$(BR2_PACKAGE_ANYA_MODELS_DIR))
ANYA_SIGNERS = $(call qstrip,$(BR2_PACKAGE_ANYA_SIGNERS))
define ANYA_INSTALL_TARGET_CMDS
	$(INSTALL) -D -m 0755 $(ANYA_BUILT)/anyad $(TARGET_DIR)/usr/bin/anyad
	$(INSTALL) -D -m 0755 $(ANYA_BUILT)/anya $(TARGET_DIR)/usr/bin/anya
	$(INSTALL) -D -m 0755 $(ANYA_BUILT)/anya-data $(TARGET_DIR)/usr/lib/anya/anya-data
	$(INSTALL) -D -m 0755 $(ANYA_BUILT)/anya-slots $(TARGET_DIR)/usr/lib/anya/anya-slots
	$(if $(ANYA_SIGNERS),$(INSTALL) -D -m 0644 $(ANYA_SIGNERS) $(TARGET_DIR)/usr/lib/anya/signers/1.json)
	$(INSTALL) -d -m 0755 $(TARGET_DIR)/usr/share/anya/models
	$(if $(ANYA_MODELS_DIR),cp -rL $(ANYA_MODELS_DIR)/. $(TARGET_DIR)/usr/share/anya/models/)
endef

# The initrd's programs are no part of the root: a board's post-image.sh packs them (board/shared/initrd.sh).
define ANYA_INSTALL_IMAGES_CMDS
	$(INSTALL) -D -m 0755 $(ANYA_BUILT)/anya-initrd $(BINARIES_DIR)/anya-initrd/init
	$(INSTALL) -D -m 0755 $(ANYA_BUILT)/anya-rescue $(BINARIES_DIR)/anya-initrd/anya-rescue
	$(STRIPCMD) $(BINARIES_DIR)/anya-initrd/init $(BINARIES_DIR)/anya-initrd/anya-rescue
endef

$(eval $(cargo-package))
