################################################################################
#
# sbsigntools
#
################################################################################

SBSIGNTOOLS_VERSION = 0.9.4
# Upstream's releases lack a submodule, which Debian's tarball has.
SBSIGNTOOLS_SOURCE = sbsigntool_$(SBSIGNTOOLS_VERSION).orig.tar.xz
SBSIGNTOOLS_SITE = https://deb.debian.org/debian/pool/main/s/sbsigntool
SBSIGNTOOLS_LICENSE = GPL-3.0+ with OpenSSL exception, LGPL-2.1+ (ccan)
SBSIGNTOOLS_LICENSE_FILES = COPYING LICENSE.GPLv3 lib/ccan/licenses/LGPL-2.1
SBSIGNTOOLS_DEPENDENCIES = host-pkgconf openssl

# Its configure looks for binutils' and gnu-efi's files in the folders of the machine that builds. sbverify needs
# neither: what it takes of them is in include/.
SBSIGNTOOLS_SOURCES = \
	src/sbverify.c \
	src/idc.c \
	src/image.c \
	src/fileio.c \
	lib/ccan/ccan/talloc/talloc.c \
	lib/ccan/ccan/read_write_all/read_write_all.c
SBSIGNTOOLS_CFLAGS = \
	-std=gnu99 \
	-DVERSION='"$(SBSIGNTOOLS_VERSION)"' \
	-I$(SBSIGNTOOLS_PKGDIR)/include \
	-I$(@D)/lib/ccan

define SBSIGNTOOLS_BUILD_CMDS
	$(TARGET_CC) $(TARGET_CFLAGS) $(SBSIGNTOOLS_CFLAGS) $(TARGET_LDFLAGS) \
		$(addprefix $(@D)/,$(SBSIGNTOOLS_SOURCES)) -o $(@D)/sbverify \
		`$(PKG_CONFIG_HOST_BINARY) --cflags --libs libcrypto`
endef

define SBSIGNTOOLS_INSTALL_TARGET_CMDS
	$(INSTALL) -D -m 0755 $(@D)/sbverify $(TARGET_DIR)/usr/bin/sbverify
endef

$(eval $(generic-package))
