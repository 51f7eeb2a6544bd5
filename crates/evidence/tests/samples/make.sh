#!/bin/sh
# Makes the pictures of this folder with ImageMagick 6.9 (Debian: imagemagick, libheif1):
# colour clouds, nothing else. Encoders differ from version to version, so the results are kept.
set -eu
cd "$(dirname "$0")"
picture() { size=$1; shift; convert -size "$size" -seed 7 plasma:teal-orange -strip "$@"; }
picture 200x150 -quality 80 -sampling-factor 2x2 sequential.jpg
picture 200x150 -quality 80 -sampling-factor 2x1 -interlace JPEG progressive.jpg
picture 90x70 -colorspace Gray -quality 70 grey.jpg
picture 64x48 -colors 64 -interlace PNG palette.png
picture 64x48 -quality 60 lossy.webp
picture 32x24 -define webp:lossless=true lossless.webp
picture 40x30 -colors 32 one.gif
convert -size 24x20 -delay 10 -seed 1 plasma: -seed 2 plasma: -seed 3 plasma: -colors 16 -loop 0 three.gif
picture 33x21 -type TrueColor BMP3:plain.bmp
picture 33x21 -colors 16 BMP3:palette.bmp
picture 64x64 -quality 50 cloud.heic
