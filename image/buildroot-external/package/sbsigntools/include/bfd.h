/* What sbsigntools takes of binutils' library for object files: three names for the records of a PE file. The library
 * itself would be the whole of binutils in the target. */
#ifndef ANYA_BFD_H
#define ANYA_BFD_H

#include <stdint.h>

typedef uint64_t bfd_vma;
typedef unsigned char bfd_byte;
#define ATTRIBUTE_PACKED __attribute__((packed))

#endif
